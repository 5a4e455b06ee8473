"""Every state of a case by every action of every role: city, asked, posts, courses, walk, pages, histories."""
