import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTexts } from "../language.tsx";
import { trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { nameOf } from "./name-of.ts";

/** Whose id it is, by name where one may know it. An account that has been deleted has its id alone. */
export function PersonLink({ id }: { readonly id: string }): ReactElement {
  const texts = useTexts();
  const maySee = useMay("auth.view_user");
  const person = useQuery({ ...trpc.users.get.queryOptions({ id }), enabled: maySee, staleTime: 300_000 });
  const short = `${texts.person.account} ${id.slice(-6)}`;
  if (!person.data) return <span title={id}>{short}</span>;
  return (
    <Link to="/people/$id" params={{ id }}>
      <bdi>{nameOf(person.data.user)}</bdi>
    </Link>
  );
}
