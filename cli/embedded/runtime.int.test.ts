import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRuntime } from './runtime.io.ts';

describe('findRuntime', () => {
  let bin: string;
  const tool = async (name: string, body: string): Promise<void> => {
    await mkdir(join(bin, name, '..'), { recursive: true });
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  };
  const java = (version: string): string => `echo 'openjdk version "${version}"' >&2`;

  beforeEach(async () => {
    bin = await mkdtemp(join(tmpdir(), 'bankchurn-bin-'));
  });
  afterEach(() => rm(bin, { recursive: true, force: true }));

  it('takes Java where it is new enough and Maven is there', async () => {
    await tool('java', java('17.0.15'));
    await tool('mvn', 'exit 0');
    expect(await findRuntime({ PATH: bin }, false)).toEqual({ kind: 'java', java: 'java' });
  });

  it('needs no Maven when the files are here', async () => {
    await tool('java', java('21.0.1'));
    expect(await findRuntime({ PATH: bin }, true)).toEqual({ kind: 'java', java: 'java' });
  });

  it('looks into JAVA_HOME when the first Java is too old', async () => {
    await tool('java', java('1.8.0_402'));
    await tool('home/bin/java', java('17.0.15'));
    const home = join(bin, 'home');
    expect(await findRuntime({ PATH: bin, JAVA_HOME: home }, true)).toEqual({
      kind: 'java',
      java: `${home}/bin/java`,
    });
  });

  it('takes Docker where Java or Maven is missing', async () => {
    await tool('java', java('17.0.15'));
    await tool('docker', 'exit 0');
    expect(await findRuntime({ PATH: bin }, false)).toEqual({ kind: 'docker' });
  });

  it('names both ways where neither is there', async () => {
    await tool('docker', 'exit 1');
    await expect(findRuntime({ PATH: bin }, false)).rejects.toThrow(
      /needs Java 17 or newer and Maven, or a running Docker.*missing: Java 17 and Maven.*install Java and Maven.*start Docker/,
    );
  });
});
