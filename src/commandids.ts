/** Ids of all commands. Buttons, menus, shortcuts and tests use them, so none may change. */
export namespace CommandIDs {
  export const openPanel = 'tfenv_lab:open-panel';
  export const newEnvironment = 'tfenv_lab:new-environment';
  export const importEnvironment = 'tfenv_lab:import-environment';
  export const importFile = 'tfenv_lab:import-file';
  export const exportEnvironment = 'tfenv_lab:export-environment';
  export const showEnvironment = 'tfenv_lab:show-environment';
  export const updateEnvironment = 'tfenv_lab:update-environment';
  export const updateAll = 'tfenv_lab:update-all-packages';
  export const cloneEnvironment = 'tfenv_lab:clone-environment';
  export const renameEnvironment = 'tfenv_lab:rename-environment';
  export const deleteEnvironment = 'tfenv_lab:delete-environment';
  export const checkEnvironment = 'tfenv_lab:check-environment';
  export const copyPrefix = 'tfenv_lab:copy-prefix';
  export const registerKernel = 'tfenv_lab:register-kernel';
  export const unregisterKernel = 'tfenv_lab:unregister-kernel';
  export const setKernel = 'tfenv_lab:set-kernel';
  export const useKeras2 = 'tfenv_lab:use-keras-2';
  export const useKeras3 = 'tfenv_lab:use-keras-3';
  export const openNotebook = 'tfenv_lab:open-notebook';
  export const useInNotebook = 'tfenv_lab:use-in-notebook';
  export const recordEnvironment = 'tfenv_lab:record-environment';
  export const recreateEnvironment = 'tfenv_lab:recreate-environment';
  export const showDifferences = 'tfenv_lab:show-differences';
  export const restartKernels = 'tfenv_lab:restart-kernels';
  export const makePlan = 'tfenv_lab:make-plan';
  export const applyPlan = 'tfenv_lab:apply-plan';
  export const cancelJob = 'tfenv_lab:cancel-job';
  export const dismissJob = 'tfenv_lab:dismiss-job';
  export const retryJob = 'tfenv_lab:retry-job';
  export const showJob = 'tfenv_lab:show-job';
  export const buildLocalChannel = 'tfenv_lab:build-local-channel';
  export const leaveLocalChannel = 'tfenv_lab:leave-local-channel';
  export const showSpace = 'tfenv_lab:show-space';
  export const refresh = 'tfenv_lab:refresh';
}
