import React from 'react';

interface ITab<T extends string> {
  readonly id: T;
  readonly label: string;
  readonly content: JSX.Element;
}

interface ITabsProps<T extends string> {
  readonly tabs: readonly ITab<T>[];
  readonly selected: T;
  readonly onSelect: (id: T) => void;
}

/** Tabs with arrow keys, as in the tabs pattern of the ARIA Authoring Practices Guide. */
export function Tabs<T extends string>(props: ITabsProps<T>): JSX.Element {
  const { tabs } = props;
  const base = React.useId();
  const selected = tabs.find(tab => tab.id === props.selected) ?? tabs[0];

  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const index = tabs.indexOf(selected) + step + tabs.length;
      const next = tabs[index % tabs.length];
      props.onSelect(next.id);
      document.getElementById(`${base}-${next.id}`)?.focus();
    }
  };

  return (
    <>
      <div className="jp-TfenvTabs" role="tablist" onKeyDown={onKeyDown}>
        {tabs.map(tab => (
          <button
            key={tab.id}
            id={`${base}-${tab.id}`}
            type="button"
            role="tab"
            aria-selected={tab === selected}
            aria-controls={`${base}-panel`}
            tabIndex={tab === selected ? 0 : -1}
            onClick={() => props.onSelect(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div
        id={`${base}-panel`}
        role="tabpanel"
        aria-labelledby={`${base}-${selected.id}`}
      >
        {selected.content}
      </div>
    </>
  );
}
