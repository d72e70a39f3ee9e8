// Builds both windows on the demo host, for a browser: `npm run demo`.

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [vue()],
  base: "./",
  build: {
    target: "es2022",
    outDir: "dist-demo",
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["demo.html", "demo-customer.html"] },
  },
});
