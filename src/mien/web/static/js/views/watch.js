export const id = "watch";

export function mount(root, app) {
  return { show() {}, hide() {} };
}
