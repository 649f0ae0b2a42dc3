import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import type { Annotations as Values } from '../../../api/generated';
import { RequestError } from '../../../api/request';
import { Annotations } from '../annotations';

const trans = nullTranslator.load('tfenv_lab');

function show(
  value: Values,
  props: Partial<React.ComponentProps<typeof Annotations>> = {}
): Values[] {
  const saved: Values[] = [];
  render(
    <Annotations
      annotations={{ value, error: null }}
      canChange
      trans={trans}
      onChange={async wanted => {
        saved.push(wanted);
      }}
      {...props}
    />
  );
  return saved;
}

function type(label: string, value: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

function click(name: string): void {
  fireEvent.click(screen.getByRole('button', { name }));
}

const BOTH = { note: 'For the course.', pins: ['numpy <3', 'keras 3.*'] };

describe('Annotations', () => {
  it('shows the note and the pins', () => {
    show(BOTH);
    expect(screen.getByText('For the course.')).toBeTruthy();
    expect(screen.getByText('Pinned: numpy <3, keras 3.*')).toBeTruthy();
  });

  it('saves what was typed, one pin a line', async () => {
    const saved = show(BOTH);
    click('Edit Note and Pins');
    type('Note', '  ');
    type('Pins (one per line)', 'numpy <3\n\ntensorflow 2.19.*\n');
    click('Save');
    await screen.findByText('For the course.');
    expect(saved).toEqual([
      { note: null, pins: ['numpy <3', 'tensorflow 2.19.*'] }
    ]);
  });

  it('keeps what was typed if the server refuses it', async () => {
    show(BOTH, {
      onChange: async () => {
        throw new RequestError({
          reason: 'invalid-request',
          message: 'The pin is not a package spec.',
          hint: null,
          details: null
        });
      }
    });
    click('Edit Note and Pins');
    type('Pins (one per line)', 'numpy =!= 2');
    click('Save');
    expect(
      await screen.findByText('The pin is not a package spec.')
    ).toBeTruthy();
    const field = screen.getByLabelText<HTMLTextAreaElement>(
      'Pins (one per line)'
    );
    expect(field.value).toBe('numpy =!= 2');
  });

  it('ends with Escape, and returns the focus', () => {
    const saved = show(BOTH);
    click('Edit Note and Pins');
    fireEvent.keyDown(screen.getByLabelText('Note'), { key: 'Escape' });
    expect(screen.queryByLabelText('Note')).toBeNull();
    expect(document.activeElement?.textContent).toBe('Edit Note and Pins');
    expect(saved).toEqual([]);
  });

  it('of a protected environment are only shown', () => {
    show(BOTH, { canChange: false });
    expect(screen.queryByRole('button')).toBeNull();
  });
});
