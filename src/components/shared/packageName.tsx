import React from 'react';

/** The name of a package, which a narrow panel breaks after a separator and not within a word. */
export function PackageName(props: { name: string }): JSX.Element {
  const parts = props.name.split(/(?<=[-_./])/);
  return (
    <>
      {parts.map((part, index) => (
        <React.Fragment key={index}>
          {index > 0 && <wbr />}
          {part}
        </React.Fragment>
      ))}
    </>
  );
}
