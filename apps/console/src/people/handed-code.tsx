import { type ReactElement, useState } from "react";
import { fill, useFormats, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";

interface HandedCodeProps {
  readonly code: string;
  readonly expiresAt: string | Date;
}

/** A code that is shown once, to be handed to whom it is for. */
export function HandedCode({ code, expiresAt }: HandedCodeProps): ReactElement {
  const texts = useTexts();
  const { moment } = useFormats();
  const [isCopied, setCopied] = useState(false);
  return (
    <div className="handed stack">
      <p>{fill(texts.code.lead, { until: moment(expiresAt) })}</p>
      <div className="handed-code">
        <code dir="ltr">{code}</code>
        <Button isSmall onPress={() => void navigator.clipboard.writeText(code).then(() => setCopied(true))}>
          {isCopied ? texts.copied : texts.copy}
        </Button>
      </div>
      <p className="hint">{texts.code.once}</p>
    </div>
  );
}
