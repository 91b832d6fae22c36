import type { ReactElement, ReactNode } from "react";
import { FieldError, Input, type InputProps, Label, Text, TextField } from "react-aria-components";

interface FieldProps extends Pick<InputProps, "type" | "autoComplete" | "inputMode" | "placeholder" | "dir"> {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  onChange(value: string): void;
  readonly hint?: ReactNode;
  /** What is wrong with what was typed. */
  readonly fault?: string | undefined;
  readonly isRequired?: boolean;
  readonly isFirst?: boolean;
  readonly isDisabled?: boolean;
}

export function Field({
  name,
  label,
  value,
  onChange,
  hint,
  fault,
  isRequired,
  isFirst,
  isDisabled,
  ...input
}: FieldProps): ReactElement {
  return (
    <TextField
      className="field"
      name={name}
      value={value}
      onChange={onChange}
      isInvalid={fault !== undefined}
      isRequired={isRequired ?? false}
      isDisabled={isDisabled ?? false}
      autoFocus={isFirst ?? false}
      validationBehavior="aria"
    >
      <Label>{label}</Label>
      <Input {...input} spellCheck="false" />
      {hint !== undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="fault">{fault}</FieldError>
    </TextField>
  );
}
