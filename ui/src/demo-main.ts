// The cashier's window in a browser, on the demo host: `demo.html?demo=zero&lang=en&keys=1,2,F3`.

import { createApp } from "vue";
import { demoHost } from "./demo";
import { sceneOf } from "./demo-scenes";
import { install } from "./host";
import Counter from "./screens/Counter.vue";
import "./styles/tokens.css";
import "./styles/base.css";
import { recallLanguage, speak } from "./text";

/** Slower than a scanner. */
const PRESS_EVERY_MS = 80;

const wanted = new URLSearchParams(location.search);
install(demoHost(sceneOf(wanted.get("demo") ?? "zero", Date.now())));
recallLanguage();
if (wanted.get("lang") === "en") speak("en");
if (wanted.get("lang") === "zh") speak("zh");
createApp(Counter).mount("#app");
const keys = wanted.get("keys")?.split(",") ?? [];
keys.forEach((key, i) => {
  const press = (): boolean =>
    window.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  setTimeout(press, 300 + i * PRESS_EVERY_MS);
});
