// The customer's window in the app.

import { createApp } from "vue";
import { install } from "./host";
import Customer from "./screens/Customer.vue";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/customer.css";
import { tauriHost } from "./tauri";

install(tauriHost);
createApp(Customer).mount("#app");
