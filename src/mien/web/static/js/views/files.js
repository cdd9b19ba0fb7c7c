export const id = "files";

export function mount(root, app) {
  return { show() {}, hide() {} };
}
