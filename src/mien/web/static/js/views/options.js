export const id = "options";

export function mount(root, app) {
  return { show() {}, hide() {} };
}
