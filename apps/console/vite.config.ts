import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const compress = promisify(gzip);

/** Writes a compressed copy beside each file, so that the service compresses nothing while it answers. */
const compressFiles: Plugin = {
  name: "compress-files",
  apply: "build",
  async writeBundle({ dir = "" }) {
    const folder = join(dir, "assets");
    const names = (await readdir(folder)).filter((name) => /\.(js|css)$/.test(name));
    await Promise.all(
      names.map(async (name) => {
        const path = join(folder, name);
        await writeFile(`${path}.gz`, await compress(await readFile(path), { level: 9 }));
      }),
    );
  },
};

export default defineConfig({
  plugins: [react(), compressFiles],
  // The service says where the files are; the page itself is at any address below `/console`.
  base: "./",
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // What several screens share costs less in one file: each is compressed by itself, and asked for by itself.
      output: { codeSplitting: { groups: [{ name: "shared", test: /src\/parts\//, minShareCount: 3 }] } },
    },
    // The licences of what is bundled ask to go with every copy.
    license: { fileName: "third-party-licenses.md" },
  },
});
