import { ToggleButton, ToggleButtonGroup } from "react-aria-components";

interface Choice<Value extends string> {
  value: Value;
  label: string;
}

/** One of a few values, all of them in sight. */
export function Choices<Value extends string>(props: {
  label: string;
  choices: readonly Choice<Value>[];
  value: Value;
  onChange: (value: Value) => void;
}) {
  return (
    <ToggleButtonGroup
      aria-label={props.label}
      className="choices"
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[props.value]}
      onSelectionChange={(keys) => props.onChange([...keys][0] as Value)}
    >
      {props.choices.map(({ value, label }) => (
        <ToggleButton key={value} id={value} className="choice">
          {label}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
