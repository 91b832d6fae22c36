import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // The page and the service are one origin to the browser. In production, your web server hands `/trpc` on.
  server: { proxy: { "/trpc": "http://127.0.0.1:3000" } },
});
