"""Every state of a case by every action of every role, through the real rules: city, asked, posts, walk, pages."""
