import { redirect } from "next/navigation";
import { readSession } from "../../session.ts";
import { SignInForm } from "./sign-in-form.tsx";

export default async function Page() {
  const session = await readSession();
  if (await session.user()) redirect("/");
  return <SignInForm />;
}
