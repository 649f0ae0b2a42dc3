import { toFailure } from '../../api/request';
import { CommandIDs } from '../../commandids';
import { confirmLocalChannel } from '../../dialogs/buildLocalChannel';
import { notifyFailure } from '../../dialogs/failureDetails';
import { managerClient } from './plugin';

const NO_ARGS = { args: { type: 'object', properties: {} } } as const;

/** Plugin with the commands that build a local channel and leave it. */
export const localChannelPlugin = managerClient({
  id: 'tfenv-lab:local-channel',
  description: 'Adds the commands that build a local channel and leave it.',
  activate: (app, manager, trans) => {
    const { commands } = app;
    const { catalog, jobs, status } = manager;

    commands.addCommand(CommandIDs.buildLocalChannel, {
      label: trans.__('Build Local Channel…'),
      caption: trans.__(
        'Build a channel with the Python of this machine and use it'
      ),
      describedBy: NO_ARGS,
      isEnabled: () => status.status?.local_channel.available ?? false,
      execute: async () => {
        try {
          if (!status.status) {
            await status.refresh();
          }
          const localChannel = status.status?.local_channel;
          if (
            localChannel &&
            (await confirmLocalChannel(localChannel, trans))
          ) {
            jobs.update(await status.client.buildLocalChannel());
          }
        } catch (error) {
          const title = trans.__('Building a Local Channel');
          notifyFailure(title, toFailure(error), trans);
        }
      }
    });
    commands.addCommand(CommandIDs.leaveLocalChannel, {
      label: trans.__('Use Configured Channels'),
      caption: trans.__('Stop using the local channel without deleting it'),
      describedBy: NO_ARGS,
      isEnabled: () => status.status?.local_channel.active ?? false,
      execute: async () => {
        try {
          await status.client.leaveLocalChannel();
        } catch (error) {
          const title = trans.__('Leaving the Local Channel');
          notifyFailure(title, toFailure(error), trans);
        }
        await Promise.all([status.refresh(), catalog.renew()]);
      }
    });
  }
});
