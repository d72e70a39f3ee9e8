// The cashier's window in a browser, on the demo host: `demo.html?demo=zero&lang=en&keys=1,2,F3`.
// With `stretch=1` sentences are longer.

import { createApp } from "vue";
import { demoHost } from "./demo";
import { sceneOf } from "./demo-scenes";
import { lengthen } from "./demo-stretch";
import { install } from "./host";
import Counter from "./screens/Counter.vue";
import "./styles/tokens.css";
import "./styles/base.css";
import { recallLanguage, speak } from "./text";
import { en } from "./text/en";
import { RECEIPT } from "./text/receipt";
import { zh } from "./text/zh";

/** Slower than a scanner. */
const PRESS_EVERY_MS = 80;

const wanted = new URLSearchParams(location.search);
install(demoHost(sceneOf(wanted.get("demo") ?? "zero", Date.now())));
recallLanguage();
if (wanted.get("lang") === "en") speak("en");
if (wanted.get("lang") === "zh") speak("zh");
if (wanted.get("stretch") === "1") {
  lengthen(zh);
  lengthen(en);
  lengthen(RECEIPT);
}
createApp(Counter).mount("#app");
const keys = wanted.get("keys")?.split(",") ?? [];
keys.forEach((key, i) => {
  const press = (): boolean =>
    window.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  setTimeout(press, 300 + i * PRESS_EVERY_MS);
});
