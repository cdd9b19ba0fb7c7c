export const id = "diary";

export function mount(root, app) {
  return { show() {}, hide() {} };
}
