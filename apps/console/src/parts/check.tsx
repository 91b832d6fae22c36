import type { ReactElement, ReactNode } from "react";
import { Checkbox } from "react-aria-components";

interface CheckProps {
  readonly isSelected: boolean;
  onChange(isSelected: boolean): void;
  readonly children: ReactNode;
  readonly isDisabled?: boolean;
}

export function Check({ children, isDisabled = false, ...rest }: CheckProps): ReactElement {
  return (
    <Checkbox {...rest} isDisabled={isDisabled} className="check">
      <span className="box" aria-hidden="true" />
      <span>{children}</span>
    </Checkbox>
  );
}
