import fs from 'node:fs';
import path from 'node:path';

import { LOCAL_CHANNEL } from '../localChannel';

describe('the local channel', () => {
  it('has the releases that the server builds by default', () => {
    const text = fs.readFileSync(
      path.resolve(__dirname, '../../../../tfenv_lab/wheelchannel/request.py'),
      'utf8'
    );
    const releases = /^DEFAULT_RELEASES = \((.*)\)$/m.exec(text)?.[1];
    expect(releases?.match(/[\d.]+/g)).toEqual([...LOCAL_CHANNEL.releases]);
  });
});
