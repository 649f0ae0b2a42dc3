/**
 * Rooms of the front end, the highest first. A module imports from its own room and from lower ones, types included.
 */
const ROOMS = [
  'index\\.ts$',
  'plugins/notebook/',
  'plugins/panel/',
  'widgets/',
  'screens/',
  'components/compatibility/',
  'components/details/',
  'components/list/',
  'components/review/',
  'components/footer/',
  'components/compare/',
  'components/space/',
  'components/form/',
  'components/shared/',
  'dialogs/',
  'tokens\\.ts$',
  'plan\\.ts$',
  'commandids\\.ts$',
  'icons\\.ts$',
  'models/notebook/',
  'models/state/',
  'models/form/',
  'models/texts/',
  'api/'
].map(room => `^src/${room}`);

export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Modules that import each other cannot be understood alone.',
      severity: 'error',
      from: {},
      to: { circular: true }
    },
    {
      name: 'no-room',
      comment: 'A new folder needs a place in the list of rooms.',
      severity: 'error',
      from: { path: '^src/', pathNot: ROOMS },
      to: {}
    },
    ...ROOMS.slice(1).map((room, index) => ({
      name: 'no-arrow-upward',
      comment: 'A room imports only from lower rooms.',
      severity: 'error',
      from: { path: room },
      to: { path: ROOMS.slice(0, index + 1) }
    }))
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['__tests__', '\\.d\\.ts$', '\\.svg$'] },
    // Without this, `import type` would not count.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' }
  }
};
