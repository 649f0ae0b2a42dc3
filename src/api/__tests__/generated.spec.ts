import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

const ROOT = path.resolve(__dirname, '../../..');

describe('generated types', () => {
  it('are those of rest-api.yaml', () => {
    const { scripts } = JSON.parse(
      fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')
    );
    const [program, ...args] = scripts.generate.split(' ');
    const cli = path.join(ROOT, 'node_modules/.bin', program);
    // If this fails, run `jlpm generate`.
    execFileSync(process.execPath, [cli, ...args, '--check'], {
      cwd: ROOT,
      stdio: 'pipe'
    });
  });
});
