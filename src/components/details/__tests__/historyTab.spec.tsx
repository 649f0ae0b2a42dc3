import { act, fireEvent, screen } from '@testing-library/react';

import { environment } from '../../../__tests__/fixtures';
import { RequestError } from '../../../api/request';
import { show, click, planned } from './showDetails';

describe('History', () => {
  it('shows what each revision changed, and plans a revert', () => {
    const executed = show();
    fireEvent.click(screen.getByRole('tab', { name: 'History' }));
    screen.getByText('Install pandas');
    screen.getByText('pandas 2.3');
    screen.getByText('For the course');
    screen.getByText('Found as it was');
    screen.getByText('1 change');
    click('Revert… to revision 0');
    expect(planned(executed)).toEqual({
      kind: 'revert',
      environment: 'id-tf219',
      revision: 0
    });
  });

  it('plans a copy at a revision, also of a protected environment', () => {
    const shown = environment('tf219', { protected: true });
    const executed = show({ tab: 'history', environment: shown });
    click('Copy… of revision 0');
    expect(planned(executed)).toEqual({
      kind: 'revert',
      environment: 'id-tf219',
      revision: 0,
      into: 'tf219-copy'
    });
  });

  it('compares an earlier revision with the environment', () => {
    const compared: number[] = [];
    show({ tab: 'history', onCompare: number => compared.push(number) });
    click('Compare revision 0');
    expect(compared).toEqual([0]);
    expect(
      screen.queryByRole('button', { name: 'Compare revision 1' })
    ).toBeNull();
  });

  it('writes, edits and removes a note', async () => {
    const notes: unknown[] = [];
    show({
      tab: 'history',
      onNote: async (number, note) => void notes.push([number, note])
    });
    for (const [button, text] of [
      ['Add note to revision 0', 'First'],
      ['Edit note of revision 1', ' ']
    ]) {
      click(button);
      const field = screen.getByRole('textbox', { name: 'Note' });
      fireEvent.change(field, { target: { value: text } });
      await act(async () => click('Save'));
      expect(screen.queryByRole('textbox', { name: 'Note' })).toBeNull();
      expect(document.activeElement?.getAttribute('aria-label')).toBe(button);
    }
    expect(notes).toEqual([
      [0, 'First'],
      [1, null]
    ]);
  });

  it('keeps a note that is refused', async () => {
    const error = new RequestError({
      reason: 'prefix-busy',
      message: 'A job is running.',
      hint: null,
      details: null
    });
    show({ tab: 'history', onNote: () => Promise.reject(error) });
    click('Add note to revision 0');
    const field = screen.getByRole('textbox', { name: 'Note' });
    fireEvent.change(field, { target: { value: 'Mine' } });
    await act(async () => click('Save'));
    screen.getByText('A job is running.');
    screen.getByDisplayValue('Mine');
    fireEvent.keyDown(field, { key: 'Escape' });
    expect(screen.queryByDisplayValue('Mine')).toBeNull();
  });

  it('reverts to the current revision what other programs changed', () => {
    const executed = show();
    fireEvent.click(screen.getByRole('tab', { name: 'History' }));
    click('Revert… to revision 1');
    expect(planned(executed)).toEqual({
      kind: 'revert',
      environment: 'id-tf219',
      revision: 1
    });
  });
});
