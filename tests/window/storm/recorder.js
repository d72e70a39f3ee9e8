// Writes down, in the page, each key with the moment the page came to it, and each change of what the plate says. It changes nothing and stops nothing.
const screenNow = () => {
  const plate = document.querySelector(".plate");
  const amount = plate?.querySelector(".amount")?.textContent ?? "";
  return {
    state: plate?.dataset.state ?? "",
    phase: plate?.dataset.phase ?? "",
    fen: Number(amount.replace(/\D/g, "") || "0"),
  };
};
/** A scan without an ending is handed on after 600 ms, later where the page was held up. */
const REST_MS = 900;
const LOST_MS = 10_000;
const written = { keys: [], screens: [] };
const look = () => {
  const seen = screenNow();
  const last = written.screens.at(-1);
  const same = last && ["state", "phase", "fen"].every((name) => last[name] === seen[name]);
  if (!same) written.screens.push({ at: performance.now(), ...seen });
};
window.stormWritten = () => {
  const taken = JSON.stringify(written);
  written.keys = [];
  written.screens = [];
  look();
  return taken;
};
let lastKeyMs = 0;
// Calls back once so many keys have come and been handled for so long that nothing of them is still
// to come; a key that never comes is not waited for without end.
window.stormRested = (count, done) => {
  const since = performance.now();
  const look = () => {
    const pausedMs = performance.now() - Math.max(lastKeyMs, since - REST_MS);
    const rested = written.keys.length >= count ? REST_MS : LOST_MS;
    if (pausedMs > rested) done(null);
    else setTimeout(look, 50);
  };
  look();
};
window.addEventListener(
  "keydown",
  (event) => {
    lastKeyMs = performance.now();
    if (event.key === "Shift") return;
    written.keys.push({ struck: event.timeStamp, handled: performance.now(), code: event.code });
  },
  { capture: true },
);
new MutationObserver(look).observe(document.body, {
  subtree: true,
  childList: true,
  characterData: true,
  attributes: true,
  attributeFilter: ["data-state", "data-phase"],
});
look();
