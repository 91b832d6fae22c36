import type { ReactElement, ReactNode } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "children" | "style"> {
  /** `main` is the one thing that a form or a dialog is for. */
  readonly kind?: "main" | "second" | "danger" | "quiet";
  readonly isSmall?: boolean;
  readonly children: ReactNode;
}

export function Button({ kind = "second", isSmall = false, ...rest }: ButtonProps): ReactElement {
  return <AriaButton {...rest} className={`button ${kind}${isSmall ? " small" : ""}`} />;
}
