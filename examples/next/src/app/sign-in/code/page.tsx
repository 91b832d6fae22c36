import { redirect } from "next/navigation";
import { readSession } from "../../../session.ts";
import { CodeForm } from "./code-form.tsx";

export default async function Page() {
  const session = await readSession();
  if (await session.user()) redirect("/");
  return <CodeForm />;
}
