"use strict";

/**
 * What `npm test` gives to mocha as its only test file: it loads the real ones, one by one, so that one which does not
 * load is one failed test and not the end of the whole run.
 */
/** @type {unknown} */
const files = JSON.parse(process.env.FC_TEST_FILES ?? "[]");

for (const file of /** @type {string[]} */ (files)) {
  try {
    require(file);
  } catch (error) {
    describe(file, () => {
      it("loads", () => {
        throw error;
      });
    });
  }
}
