import type { Auth } from "@latchkey/auth";
import { Command } from "commander";
import { print, withAuth } from "./with-auth.ts";

interface JsonFlag {
  readonly json?: true;
}

type Group = Awaited<ReturnType<Auth["groups"]["get"]>>;

const json = ["--json", "print the answer as JSON"] as const;
const whichGroup = ["<group>", "its name"] as const;
const whatItGives = ["[permissions...]", "such as auth.view_user auth.change_user"] as const;

/** `list-groups`: every group and what it gives. */
export function listGroupsCommand(): Command {
  return new Command("list-groups")
    .description("List the groups and the permissions that they give, by name")
    .option(...json)
    .action(async (flags: JsonFlag) => {
      await withAuth(async (auth) => {
        const groups = await listAll(auth);
        print(flags, { groups }, groups.map(describeGroup).join("\n") || "There are none.");
      });
    });
}

async function listAll(auth: Auth): Promise<Group[]> {
  const found: Group[] = [];
  let cursor: string | undefined;
  do {
    const page = await auth.groups.list({ cursor, limit: 100 });
    found.push(...page.groups);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** `create-group`: a name and what comes with it. */
export function createGroupCommand(): Command {
  return new Command("create-group")
    .description("Make a group that gives these permissions")
    .argument(...whichGroup)
    .argument(...whatItGives)
    .option(...json)
    .action(async (name: string, permissions: readonly string[], flags: JsonFlag) => {
      await withAuth(async (auth) => {
        const group = await auth.operator.createGroup({ name, permissions });
        print(flags, group, describeGroup(group));
      });
    });
}

/** `change-group`: another name, or exactly these permissions in place of the present ones. */
export function changeGroupCommand(): Command {
  return new Command("change-group")
    .description("Rename a group, or make its permissions exactly those that are named")
    .argument(...whichGroup)
    .argument(...whatItGives)
    .option("--name <name>", "another name")
    .option("--no-permissions", "it gives nothing any more")
    .option(...json)
    .action(
      async (
        group: string,
        named: readonly string[],
        { name, permissions: keeps, ...flags }: JsonFlag & { readonly name?: string; readonly permissions: boolean },
        command: Command,
      ) => {
        if (!keeps && named.length > 0) command.error("error: name permissions or say --no-permissions, not both");
        if (keeps && named.length === 0 && name === undefined) command.error("error: name permissions or a --name");
        const permissions = keeps && named.length === 0 ? undefined : named;
        await withAuth(async (auth) => {
          const changed = await auth.operator.updateGroup(group, { name, permissions });
          print(flags, changed, describeGroup(changed));
        });
      },
    );
}

/** `delete-group`: its members keep what they have otherwise. */
export function deleteGroupCommand(): Command {
  return new Command("delete-group")
    .description("Delete a group; its members lose what it gave them")
    .argument(...whichGroup)
    .requiredOption("--yes", "that you mean it")
    .option(...json)
    .action(async (group: string, flags: JsonFlag) => {
      await withAuth(async (auth) => {
        await auth.operator.deleteGroup(group);
        print(flags, {}, "Deleted.");
      });
    });
}

function describeGroup({ name, permissions }: Group): string {
  return `${name}\t${permissions.join(" ") || "-"}`;
}
