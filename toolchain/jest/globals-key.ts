/** Where the runtime leaves the globals of the file that it runs. */
export const globalsKey = Symbol.for('flotilla.jest.globals');
