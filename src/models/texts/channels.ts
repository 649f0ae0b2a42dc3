/** Return the end of a channel's URL, which is what people call the channel. */
export function shortChannel(channel: string): string {
  return channel.replace(/\/+$/, '').replace(/^.*:\/\/.*\//, '');
}
