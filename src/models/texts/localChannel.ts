/** Contents and cost of a local channel, measured for the releases that `wheelchannel/request.py` builds by default. */
export const LOCAL_CHANNEL = {
  releases: ['2.19', '2.20'],
  minutes: 2,
  /** Bytes that are downloaded. */
  download: 530e6,
  /** Bytes on disk while the channel is built. */
  peak: 2e9,
  /** Bytes on disk afterwards, the downloaded wheels included. */
  kept: 1.1e9
} as const;
