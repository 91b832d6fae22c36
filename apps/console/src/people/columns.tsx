import { type ReactElement, useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useTexts } from "../language.tsx";
import { readRemembered, remember } from "../parts/remembered.ts";

/** What can be shown beside the name. */
export const columnNames = ["username", "phoneNumber", "email", "country", "dateJoined", "lastLogin"] as const;
export type ColumnName = (typeof columnNames)[number];

const key = "latchkey-console-columns";
const usual: readonly ColumnName[] = ["phoneNumber", "email", "lastLogin"];

function readColumns(): readonly ColumnName[] {
  const stored = readRemembered(key);
  return stored === null ? usual : columnNames.filter((name) => stored.split(",").includes(name));
}

/** The columns that somebody wants to see; this browser remembers them. */
export function useColumns(): [readonly ColumnName[], (columns: readonly ColumnName[]) => void] {
  const [columns, setColumns] = useState(readColumns);
  return [
    columns,
    (wanted) => {
      remember(key, wanted.join(","));
      setColumns(wanted);
    },
  ];
}

interface ColumnChoiceProps {
  readonly columns: readonly ColumnName[];
  onChange(columns: readonly ColumnName[]): void;
}

export function ColumnChoice({ columns, onChange }: ColumnChoiceProps): ReactElement {
  const texts = useTexts();
  return (
    <MenuTrigger>
      <Button className="button second wide-only">
        {texts.people.columns}
        <span aria-hidden="true" className="arrow" />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="list-box"
          selectionMode="multiple"
          selectedKeys={columns}
          onSelectionChange={(keys) => onChange(columnNames.filter((name) => keys === "all" || keys.has(name)))}
        >
          {columnNames.map((name) => (
            <MenuItem key={name} id={name} className="list-item">
              {texts.fields[name]}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
