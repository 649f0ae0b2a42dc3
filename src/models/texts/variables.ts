import type { TranslationBundle } from '@jupyterlab/translation';

/** A variable that TensorFlow reads. */
export interface IKnownVariable {
  readonly name: string;
  /** A usual value. */
  readonly value: string;
  readonly description: string;
}

/** The variables of TensorFlow that are offered. */
export function knownVariables(
  trans: TranslationBundle
): readonly IKnownVariable[] {
  return [
    {
      name: 'TF_CPP_MIN_LOG_LEVEL',
      value: '2',
      description: trans.__(
        'Hides messages of TensorFlow: 1 hides information, 2 also warnings, 3 also errors.'
      )
    },
    {
      name: 'TF_FORCE_GPU_ALLOW_GROWTH',
      value: 'true',
      description: trans.__(
        'Lets TensorFlow take GPU memory as it needs it, instead of all at the start.'
      )
    },
    {
      name: 'CUDA_VISIBLE_DEVICES',
      value: '0',
      description: trans.__(
        'Lists the numbers of the GPUs that TensorFlow may use; -1 hides all of them.'
      )
    },
    {
      name: 'XLA_FLAGS',
      value: '--xla_gpu_cuda_data_dir=',
      description: trans.__(
        'Options of XLA, the compiler behind jit_compile, separated by spaces.'
      )
    },
    {
      name: 'TF_ENABLE_ONEDNN_OPTS',
      value: '0',
      description: trans.__(
        'Turns oneDNN’s optimizations on (1) or off (0); they can change results slightly.'
      )
    },
    {
      name: 'TF_USE_LEGACY_KERAS',
      value: '1',
      description: trans.__(
        'Makes tf.keras Keras 2, which needs the package tf-keras.'
      )
    }
  ];
}
