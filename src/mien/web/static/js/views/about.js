export const id = "about";

export function mount(root, app) {
  return { show() {}, hide() {} };
}
