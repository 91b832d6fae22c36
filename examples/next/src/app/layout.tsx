import type { ReactNode } from "react";
import { readSession } from "../session.ts";
import { ShareSession } from "./share-session.tsx";
import "./style.css";

export const metadata = { title: "Latchkey with Next.js", icons: "data:," };

export default async function Layout({ children }: { children: ReactNode }) {
  const user = await (await readSession()).user();
  return (
    <html lang="en">
      <body>
        <main>{children}</main>
        <ShareSession userId={user?.id ?? null} />
      </body>
    </html>
  );
}
