export const id = "practice";

export function mount(root, app) {
  return { show() {}, hide() {} };
}
