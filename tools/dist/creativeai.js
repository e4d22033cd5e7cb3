#!/usr/bin/env node
// Starts the program of this system, which npm has installed beside this package.
'use strict';

const { spawn } = require('node:child_process');
const { constants } = require('node:os');

const name = `creativeai-cli-${process.platform}-${process.arch}`;
const file = process.platform === 'win32' ? 'creativeai.exe' : 'creativeai';
let program;
try {
  program = require.resolve(`${name}/${file}`);
} catch {
  console.error(
    `error: the package ${name} is not installed. Either there is no program for this system,\n` +
      'or npm was told to leave out optional packages (--omit=optional). Nothing was done.',
  );
  process.exit(78);
}

// Ctrl-C in a terminal, and all that a console of Windows sends, reaches both: the program drains, and
// this waits for it. On other systems a signal to end that only this process got is passed on.
const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
const reachesBoth = process.platform === 'win32' ? ['SIGINT', 'SIGBREAK', 'SIGHUP'] : ['SIGINT'];
const passedOn = process.platform === 'win32' ? [] : ['SIGTERM', 'SIGHUP'];
reachesBoth.forEach((signal) => process.on(signal, () => {}));
passedOn.forEach((signal) => process.on(signal, () => child.kill(signal)));
child.on('error', (error) => {
  console.error(`error: cannot start ${program}: ${error.message}`);
  process.exit(78);
});
child.on('exit', (code, signal) => {
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
});
