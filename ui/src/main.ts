// The cashier's window in the app.

import { createApp } from "vue";
import { install } from "./host";
import Counter from "./screens/Counter.vue";
import "./styles/tokens.css";
import "./styles/base.css";
import { tauriHost } from "./tauri";
import { recallLanguage } from "./text";

install(tauriHost);
recallLanguage();
createApp(Counter).mount("#app");
