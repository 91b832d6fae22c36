import { defineConfig } from "vite";

// For work on the page: `pnpm dev` beside `pnpm start`.
export default defineConfig({ server: { proxy: { "/trpc": "http://127.0.0.1:3001" } } });
