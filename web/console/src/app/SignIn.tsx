import { type FormEvent, useState } from "react";
import { Button, FieldError, Form, Input, Label, Text, TextField } from "react-aria-components";

import { Notice } from "../components/Notice";
import { signIn } from "../session";
import { texts } from "../texts";

const KEY = /^isk_[A-Za-z0-9_-]{44}$/;

export function SignIn({ wasRefused }: { wasRefused: boolean }) {
  const [key, setKey] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (KEY.test(key.trim())) signIn(key.trim());
  };
  return (
    <main className="sign-in">
      <h1>{texts.product}</h1>
      {wasRefused && <Notice tone="problem">{texts.session.refused}</Notice>}
      <Form className="card stack" onSubmit={submit}>
        <p className="quiet">{texts.session.intro}</p>
        <TextField
          name="key"
          type="password"
          autoComplete="off"
          isRequired
          value={key}
          onChange={setKey}
          validate={(value) => (KEY.test(value.trim()) ? null : texts.session.malformed)}
        >
          <Label>{texts.session.label}</Label>
          <Input spellCheck="false" />
          <Text slot="description">{texts.session.hint}</Text>
          <FieldError />
        </TextField>
        <Button type="submit" className="button button-primary">
          {texts.session.submit}
        </Button>
      </Form>
    </main>
  );
}
