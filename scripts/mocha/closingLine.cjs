"use strict";

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} TestCounts
 * @typedef {{ counts: TestCounts, isComplete: boolean }} TestReport what a test process tells the one that started it
 */

/** @param {TestCounts} counts */
exports.formatClosingLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;
