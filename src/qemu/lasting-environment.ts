/** What programs need to find their files, and to print. */
const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL'] as const;

/**
 * The environment of a program that outlives this one for weeks. Pulumi gives its plugins the stack's passphrase and
 * the user's cloud credentials, and everybody who is root may read a process's environment (proc(5)).
 */
export function lastingEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
