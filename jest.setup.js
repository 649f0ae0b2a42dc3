const { configure } = require('@testing-library/react');

// Whether an element is hidden is asked of every ancestor's style for every role: jsdom takes seconds for it.
configure({ defaultHidden: true, asyncUtilTimeout: 20000 });
