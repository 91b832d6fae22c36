import type { ReactElement } from "react";
import { Button, Label, ListBox, ListBoxItem, Popover, Select, SelectValue } from "react-aria-components";

export interface Option {
  readonly id: string;
  readonly name: string;
}

interface ChoiceProps {
  readonly label: string;
  readonly options: readonly Option[];
  readonly value: string;
  onChange(value: string): void;
  /** Whether the label is for those alone who hear the page. */
  readonly isBare?: boolean;
}

/** One of a few. */
export function Choice({ label, options, value, onChange, isBare = false }: ChoiceProps): ReactElement {
  return (
    <Select
      className="field choice"
      value={value}
      onChange={(key) => onChange(String(key))}
      {...(isBare && { "aria-label": label })}
    >
      {!isBare && <Label>{label}</Label>}
      <Button className="button second chooser">
        <SelectValue />
        <span aria-hidden="true" className="arrow" />
      </Button>
      <Popover className="popover">
        <ListBox className="list-box" items={options}>
          {({ id, name }) => (
            <ListBoxItem id={id} textValue={name} className="list-item">
              {name}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}
