/** Like Promise.all, but it does not go on while one of them still works on its machine. */
export async function settled<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}
