// Keeps the screen of a phone on while somebody is watched; the browser lets go of it when the page is hidden.

/** Follow the page's source; nothing happens where the browser cannot do it. */
export function keepAwake(app) {
  let lock = null;
  const follow = async () => {
    const isWanted = app.capture.source !== null && document.visibilityState === "visible";
    if (isWanted && (!lock || lock.released)) {
      lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null; // refused when the battery is low
    } else if (!isWanted) {
      await lock?.release();
      lock = null;
    }
  };
  app.bus.addEventListener("source", follow);
  document.addEventListener("visibilitychange", follow);
}
