import { cleanup, fireEvent, screen, within } from '@testing-library/react';

import { plan } from '../../../__tests__/fixtures';
import type { Advice, PlanRequest } from '../../../api/generated';
import { button, show, UPDATE } from './showReview';

describe('The offers of a review', () => {
  it('offers the alternatives of an error as buttons below its message', () => {
    const request: PlanRequest = {
      kind: 'import',
      name: 'mine',
      content: 'dependencies: [numpy]\n'
    };
    const labels = ['Keep the versions', 'Import with these channels added'];
    const requests: PlanRequest[] = [
      { ...request, builds: 'versions' },
      { ...request, channels: 'all' }
    ];
    const alternatives = labels.map((label, index) => ({
      label,
      plan_request: requests[index]
    }));
    const calls = show({
      request,
      failure: {
        reason: 'unsatisfiable',
        message: 'There is no solution.',
        hint: null,
        details: 'numpy …',
        alternatives
      }
    });
    const inAlert = within(screen.getByRole('alert')).getAllByRole('button');
    expect(inAlert.map(each => each.textContent)).toEqual(labels);
    inAlert.forEach(each => fireEvent.click(each));
    expect(calls.planned).toEqual(requests);
  });

  it('offers next to a warning what can be added to the plan', () => {
    const request: PlanRequest = { kind: 'import', name: 'mine', content: '' };
    const kernel = { ...request, packages: ['ipykernel'] };
    const channels = { ...request, channels: 'all' as const };
    const warnings: Advice[] = [
      {
        code: 'channels-left-out',
        severity: 'warning',
        message: 'Channels are left out.',
        plan_request: channels,
        items: []
      },
      {
        code: 'no-kernel',
        severity: 'info',
        message: 'The file does not list ipykernel.',
        plan_request: kernel,
        items: []
      }
    ];
    const calls = show({ request, plan: plan('mine', { warnings }) });
    fireEvent.click(button('Add ipykernel'));
    fireEvent.click(button('Add These Channels'));
    expect(calls.planned).toEqual([kernel, channels]);
    expect(screen.queryByText('Use Alternative')).toBeNull();
  });

  it('offers to build from source if a plan needs that', () => {
    const failure = {
      reason: 'build-needed',
      message: 'The package index has no wheel of a package.',
      hint: null,
      details: null
    } as const;
    const calls = show({ request: UPDATE, failure });
    fireEvent.click(button('Plan With Source Builds'));
    expect(calls.planned).toEqual([{ ...UPDATE, source_builds: true }]);
    cleanup();
    show({ request: UPDATE, failure: { ...failure, reason: 'unsatisfiable' } });
    expect(screen.queryByText('Plan With Source Builds')).toBeNull();
  });

  it('offers the alternative of a warning as a second button', () => {
    const instead: PlanRequest = { ...UPDATE, into: 'tf-copy' };
    const warning = {
      code: 'minor-version',
      severity: 'warning' as const,
      message: 'TensorFlow moves from 2.19 to 2.20.',
      plan_request: instead,
      items: []
    };
    const calls = show({
      request: UPDATE,
      plan: plan('tf', { warnings: [warning] })
    });
    const place = screen
      .getByText(warning.message)
      .compareDocumentPosition(button('Update'));
    // The warning comes before the button.
    expect(place & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
    fireEvent.click(button('Use a Copy Instead'));
    expect(calls.planned).toEqual([instead]);
  });

  it('offers a copy for a change without a warning', () => {
    const copyRequest: PlanRequest = { ...UPDATE, into: 'tf-copy' };
    const calls = show({ request: UPDATE, plan: plan('tf'), copyRequest });
    fireEvent.click(button('Use a Copy Instead'));
    expect(calls.planned).toEqual([copyRequest]);
  });

  it('names the copy that it creates', () => {
    show({ request: { ...UPDATE, into: 'tf-copy' }, plan: plan('tf-copy') });
    expect(button('Create tf-copy').disabled).toBe(false);
  });

  it('offers to update the package that holds an update back', () => {
    const both: PlanRequest = {
      kind: 'update',
      environment: 'a',
      packages: ['tensorflow', 'keras']
    };
    const message =
      'tensorflow 2.20.0 is available, but “keras <3.6”, which you requested earlier, holds it back.';
    const calls = show({
      request: UPDATE,
      plan: plan('tf', {
        kind: 'update',
        entries: [],
        warnings: [
          {
            code: 'held-back',
            severity: 'info',
            message,
            plan_request: both,
            items: []
          }
        ]
      })
    });
    expect(screen.getByRole('status').textContent).toBe('Nothing changes.');
    screen.getByText(message);
    fireEvent.click(button('Update It Too'));
    expect(calls.planned).toEqual([both]);
  });

  it('offers to drop an earlier request, which changes no package', () => {
    const drop: PlanRequest = {
      kind: 'install',
      environment: 'a',
      specs: ['tensorflow']
    };
    const calls = show({
      request: UPDATE,
      plan: plan('tf', {
        kind: 'update',
        entries: [],
        warnings: [
          {
            code: 'request-outdated',
            severity: 'info',
            message: 'An earlier request does not count.',
            plan_request: drop,
            items: []
          }
        ]
      })
    });
    fireEvent.click(button('Drop Earlier Request'));
    expect(calls.planned).toEqual([drop]);
    cleanup();
    show({
      request: drop,
      plan: plan('tf', { entries: [], forgets: ['tensorflow=2.19'] })
    });
    expect(screen.getByRole('status').textContent).toBe(
      'No package changes. Earlier requests are dropped: tensorflow=2.19'
    );
    expect(button('Install').hasAttribute('disabled')).toBe(false);
  });

  it('offers the repair of an environment before it is copied', () => {
    const repair: PlanRequest = { kind: 'repair', environment: 'id-tf219' };
    const warning: Advice = {
      code: 'damage-copied',
      severity: 'warning',
      message: 'Files differ.',
      plan_request: repair,
      items: []
    };
    const calls = show({ plan: plan('copy', { warnings: [warning] }) });
    fireEvent.click(button('Repair Instead'));
    expect(calls.planned).toEqual([repair]);
  });
});
