import type { ReactElement, ReactNode } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components";

export interface ButtonProps
  extends Omit<AriaButtonProps, "className" | "children" | "style" | "isPending" | "onPress" | "type"> {
  /** `main` is the one thing that a form or a dialog is for. */
  readonly kind?: "main" | "second" | "danger" | "quiet";
  readonly isSmall?: boolean;
  /** Whether what it does is under way: it keeps the focus, and does nothing more until then. */
  readonly isPending?: boolean;
  readonly type?: "submit" | "button";
  onPress?(): void;
  readonly children: ReactNode;
}

export function Button({
  kind = "second",
  isSmall = false,
  isPending = false,
  type = "button",
  onPress,
  ...rest
}: ButtonProps): ReactElement {
  const classes = ["button", kind, isSmall && "small", isPending && "pending"].filter(Boolean);
  return (
    <AriaButton
      {...rest}
      type={isPending ? "button" : type}
      {...(onPress && !isPending && { onPress: () => onPress() })}
      className={classes.join(" ")}
    />
  );
}
