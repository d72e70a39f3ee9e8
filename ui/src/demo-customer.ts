// The customer's window in a browser, on the demo host: `demo-customer.html?demo=code`.

import { createApp } from "vue";
import { demoHost } from "./demo";
import { sceneOf } from "./demo-scenes";
import { install } from "./host";
import Customer from "./screens/Customer.vue";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/customer.css";

const wanted = new URLSearchParams(location.search);
install(demoHost(sceneOf(wanted.get("demo") ?? "idle", Date.now())));
createApp(Customer).mount("#app");
