import { html } from "hono/html";
import { encode } from "uqr";
import type { Html } from "./layout.ts";

/** A text as a QR code that a camera reads in either scheme: dark on light, with the margin that readers need. */
export function showQrCode(text: string, label: string): Html {
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  const squares = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])));
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${String(size)} ${String(size)}" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/><path d="${squares.join("")}" fill="#000"/></svg>`;
}
